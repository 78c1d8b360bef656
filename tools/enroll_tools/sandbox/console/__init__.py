"""The console: the pages at the admin listener's root, on which a person does what the services' portals are for."""

from .routes import Console as Console
