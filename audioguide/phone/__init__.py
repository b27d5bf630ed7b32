"""A session on the phone: the page, the files it plays, a small server, a folder for any web host, a feed."""
