"""What the end-to-end tests stand on: servers, the program, HTTP, traffic, checks."""
