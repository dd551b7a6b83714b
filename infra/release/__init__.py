"""Parts of a release other than code: documents, supply chain, containers."""
