"""Webhooks: what happens to tickets, told to others as it happens (Standard Webhooks)."""
