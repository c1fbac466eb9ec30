"""What people follow."""
