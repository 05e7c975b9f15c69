"""Talking to image registries (OCI distribution-spec 1.1, Docker Registry HTTP API V2).

- ``registry.Registry``: manifests and blobs of one registry; ``send`` is what further operations (uploads) are made of.
- ``access.RegistryAccess``: how registries are reached (clients, proxies, logins, patience); made once, by the app.
- ``logins``: whose name and password; ``authority``: from challenge to ``Authorization``; ``challenge``: what a 401 says.
- ``failures``: every sentence about what goes wrong.

Names are ``image.remote_reference.RemoteReference``. Everything may be used from several threads.
"""
