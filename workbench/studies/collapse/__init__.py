"""Models trained on what earlier models produced."""
