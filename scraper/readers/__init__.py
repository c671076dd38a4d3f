"""One module per publication: bytes in, references and facts out. Pure."""
