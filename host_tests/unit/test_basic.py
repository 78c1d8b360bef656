"""HTTP Basic authentication, against the published vectors."""

from enroll.basic import basic


def test_basic_of_the_etherfax_vector():
    assert (
        basic("device/MT873615726", "54524a6421f1ddaf6781c79f9e176cfc")
        == "Basic ZGV2aWNlL01UODczNjE1NzI2OjU0NTI0YTY0MjFmMWRkYWY2NzgxYzc5ZjllMTc2Y2Zj"
    )


def test_basic_of_the_rfc_7617_examples():
    assert basic("Aladdin", "open sesame") == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
    assert basic("test", "123£") == "Basic dGVzdDoxMjPCow=="


def test_basic_of_a_long_password_is_one_line():
    assert "\n" not in basic("user", "p" * 200)
