"""The Datasette site: read-only tables and our pages."""
