"""What an OAuth server answers to a device: a code, tokens, and errors."""

CODE = (200, {"device_code": "code-canary", "user_code": "WDJB-MJHT", "verification_uri": "https://x.test/device"})
TOKENS = {
    "access_token": "access-canary",
    "refresh_token": "refresh-canary",
    "token_type": "Bearer",
    "expires_in": 3600,
}


def no(error, status=400):
    return status, {"error": error}
