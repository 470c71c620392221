"""The web server: endpoints in `api/`, what they answer in `answers/`, who may ask in `access/`."""
