"""From files to passages: discover, read, segment, enrich, embed, stage, publish. It knows no SQL and no FAISS."""
