"""What operators do to a deployment whose database and queues they can reach."""
