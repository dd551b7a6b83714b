"""The contract with clients: inputs as models, answers as types, problems, and the JSON that carries them."""
