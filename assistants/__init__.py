"""What assistants may ask by the Model Context Protocol: tools over the services that pages and the API call."""
