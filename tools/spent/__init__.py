"""What a first boot spends flash, heap and time on: `make profile` writes docs/profile.md."""
