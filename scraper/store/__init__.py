"""The SQLite database that is published: schema, recording, queries."""
