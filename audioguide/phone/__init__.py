"""The phone: what a folder of sessions holds, a page and a feed for it, a small server, and the same as plain files."""
