"""The three WebSocket endpoints of the guide: what each does about its messages."""
