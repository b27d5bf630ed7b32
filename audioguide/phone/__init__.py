"""The phone page: the sessions in a folder, a page and a podcast feed for them, served on the network or published.

Public face: `share.share`, `publish.publish` and `qr_code.qr_code`.
"""
