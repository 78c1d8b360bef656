"""Mutation testing of lib/enroll: changes one place of it at a time, and shows which changes no test notices."""
