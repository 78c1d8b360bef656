"""Mutation testing of lib/enroll: makes one change at a time, and shows which changes no test notices."""
