"""The Flask application: pages and HTTP API over kb.library. It knows neither SQL nor FAISS."""
