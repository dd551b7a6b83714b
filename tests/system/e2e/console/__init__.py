"""The console in a browser. A package: its tests share the browser, and the last of them ends it."""
