"""The HTTP side: API, access control, live updates; one router per resource."""
