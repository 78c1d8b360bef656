"""The commands of ``enroll-sandbox``."""
