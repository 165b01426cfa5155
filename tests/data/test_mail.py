import pytest

from lutdla.data.mail import visible_text, words

MULTIPART = """\
From: someone@example.org
Subject: =?iso-8859-1?q?Caf=E9?= now
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary=cut

--cut
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: base64

{plain}

--cut
Content-Type: text/html

<html><head><title>no</title><style>p {{}}</style></head><body><p>only <b>h</b>tml</p></body></html>
--cut--
"""


def test_plain_text_goes_before_html_and_headers_are_gone():
    assert words(MULTIPART.format(plain="aMOpbGxvICB0aGVyZQoKYnllCg==")) == "Café now\n\nhéllo there\nbye"


def test_html_is_read_where_there_is_nothing_else():
    assert words(MULTIPART.format(plain="")) == "Café now\n\nonly html"


def test_what_a_reader_sees():
    html = "a&amp;b<br>c<script>if (x) {}</script></script> d<li>e</li><!-- f -->"
    assert visible_text(html) == "a&b\nc d\ne"


@pytest.mark.parametrize(
    ("mail", "expected"),
    [
        ("", "\n\n"),
        ("Subject: a\n b\n\nbody", "a b\n\nbody"),
        ("Subject: =?made-up?q?=E9?=\nContent-Type: text/plain; charset=made-up\n\n\xe9", "\xe9\n\n\xe9"),
        ("Content-Type: image/png\n\nxx", "\n\n"),
    ],
    ids=["empty", "folded subject", "invented charset", "no text"],
)
def test_odd_mails_have_words_too(mail, expected):
    assert words(mail) == expected
