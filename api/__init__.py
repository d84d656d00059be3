"""The hub: stores detections, turns them into alerts, and shows them to people and programs."""
