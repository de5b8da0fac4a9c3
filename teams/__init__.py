"""People, teams, roles, API tokens, sign-in links and the record of what people did."""
