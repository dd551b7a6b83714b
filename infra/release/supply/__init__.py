"""The supply chain: licences, advisories and pins of dependencies."""
