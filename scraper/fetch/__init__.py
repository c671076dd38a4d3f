"""The one way out: fetches what config.yaml allows, politely, and says what came back."""
