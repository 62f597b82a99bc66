"""`VERIFY.txt`: how to check a certificate without this program, with OpenSSH or openssl and the tools of any shell."""

from __future__ import annotations

from connecteam_sync.core.certificates import PeriodPayload
from connecteam_sync.core.certified_rows import IN_THE_TREE

_TEXT = """\
Certificate of the hours {first}..{last} ({timezone}), made at {at}
by connecteam-sync {version}. It is number {position} of its chain; its SHA-256 is
{hash}

What it says, and what it does not prove, stands in certificate.json under "statement".
Each command below is for a POSIX shell, in this folder.

1. The signature, with OpenSSH (8.9 or newer; 9.1 where allowed_signers names times):

   ssh-keygen -Y verify -f allowed_signers -I connecteam-sync -n connecteam-sync \\
     -s certificate.json.sig < certificate.json

   It says: Good "connecteam-sync" signature for connecteam-sync with ED25519 key
   {fingerprint}
   This folder brings its own list of keys. Compare that fingerprint with the one that the company
   tells you by another way: else anybody could have made all of it. A key that was replaced since
   is listed with its end; for what it signed before, add -O verify-time={verify_time}

2. The same with openssl (3.0 or newer) alone. It says: Signature Verified Successfully

   grep -v -e ----- certificate.json.sig | openssl base64 -d | tail -c 64 > ed25519.sig
   {{ printf 'SSHSIG\\0\\0\\0\\017connecteam-sync\\0\\0\\0\\0\\0\\0\\0\\006sha512\\0\\0\\0\\100'
     openssl dgst -sha512 -binary certificate.json; }} > signed.bin
   {{ printf '\\060\\052\\060\\005\\006\\003\\053\\145\\160\\003\\041\\000'
     echo {blob} | openssl base64 -d | tail -c 32; }} > key.der
   openssl pkeyutl -verify -pubin -keyform DER -inkey key.der -rawin -in signed.bin -sigfile ed25519.sig

3. The rows. This is "rows_csv", "sha256" in certificate.json:

   sha256sum rows.csv

   rows.csv has a line for each row, by employee and clock-in. In text, all but letters, digits and
   _ . - ~ : / and blanks is percent-encoded, so a comma always ends a cell.

4. The rows of one employee, here ID. This is their "root" in certificate.json:

   grep '^ID,' rows.csv | cut -d, -f1-{cells} | while IFS= read -r row; do
     printf '%s\\n' "$row" | sha256sum | cut -c1-64; done | sha256sum

   The hash of a row is made of its first {cells} cells ({names})
   and a line feed. The shift that a row is linked to is not part of it.

5. All people together. This is the last "root" in certificate.json:

   sed -n 's/^      "root": "\\(.*\\)".*/\\1/p' certificate.json | sha256sum

6. The chain. "chain", "previous" is the SHA-256 of the certificate before (sha256sum certificate.json
   in its folder). Where a key was replaced, key-N.json is what the old key signed of the new one;
   it is checked like certificate.json, by its own .sig and with the moment that it names. Where "breaks" is not empty,
   a key was lost, and nobody but the holder of the next one vouches for that.

{stamp}With connecteam-sync and its database: connecteam-sync certificate verify certificate.json --table
compares the table of today with it, row by row.
"""


_STAMP = """\
7. The time stamp (RFC 3161): somebody else says when the signature was there. AUTHORITY.pem is the
   root certificate that this authority publishes; take it from there, not from whoever gave you
   this folder. These say "Verification: OK", and the moment, which is all that counts here:

   openssl ts -verify -data certificate.json.sig -in certificate.json.sig.tsr -CAfile AUTHORITY.pem
   openssl ts -reply -in certificate.json.sig.tsr -token_out -text | grep 'Time stamp:'

   Years later its certificates have run out; they count as they were at that moment: add
   -attime SECONDS to the first one, that moment in seconds since 1970 (date -u -d 'MOMENT' +%s).

"""


def verify_text(
    payload: PeriodPayload, *, payload_hash: str, fingerprint: str, public: str, is_stamped: bool = False
) -> str:
    """The text for a certificate; `public` is the key that signed it, as `ssh-ed25519 AAAA…`."""
    return _TEXT.format(
        first=payload.period.first,
        last=payload.period.last,
        timezone=payload.period.timezone,
        at=payload.certified_at,
        version=payload.tool.version,
        position=payload.chain.position,
        hash=payload_hash,
        fingerprint=fingerprint,
        verify_time="".join(c for c in payload.certified_at if c.isdigit()) + "Z",
        blob=public.split()[1],
        cells=len(IN_THE_TREE),
        names=", ".join(IN_THE_TREE),
        stamp=_STAMP if is_stamped else "",
    )
