"""What travels between the dashboard and the server: messages, frames, codes, representations."""
