"""What every page that audioguide serves needs: an address, access checks, headers, files and ranges, time limits.

Public face: `address.listen`, `resource.Resource`, `app.WebApp` and `server.WebServer`. It knows nothing of sessions.
"""
