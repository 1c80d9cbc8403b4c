"""Tickets that have to do with each other: links between them, and a ticket split off another one."""
