"""Write the generated documents: ``python -m infra.release.documents``."""

from __future__ import annotations

from infra.release.documents.files import documents

for path, text in documents().items():
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        print(f"wrote {path}")
