"""Small peers, each correct but for one fault, which the kit has to find. They show that its tests can fail."""
