"""The knowledge base: store, indexes, retrieval, evidence, answers. It knows no file format and no HTTP."""
