"""What the API sends and takes, as types; the OpenAPI is made of them."""
