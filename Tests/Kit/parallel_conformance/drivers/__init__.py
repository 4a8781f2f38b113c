"""Programs that do with a client library what the kit asks for; see CLIENTS.md."""
