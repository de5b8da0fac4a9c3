"""What a person asks for: channels, rules, deliveries."""
