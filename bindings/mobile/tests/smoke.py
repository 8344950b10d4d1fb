#!/usr/bin/env python3
"""Generates the Python sources for the built library, loads them, and judges a credential through them.

    bindings/mobile/tests/smoke.py FOLDER      where cargo put uniffi-bindgen, the library and examples/sample_credential
"""

import json
import pathlib
import subprocess
import sys
import tempfile


def built(folder):
    names = ["libwallet_mobile.so", "libwallet_mobile.dylib", "wallet_mobile.dll"]
    found = [folder / name for name in names if (folder / name).exists()]
    assert found, f"no library in {folder}: build wallet-mobile first"
    return found[0]


def generate(folder, into):
    library = built(folder)
    command = [folder / "uniffi-bindgen", "generate", "--library", library, "--language", "python", "--no-format"]
    subprocess.run([*command, "--out-dir", into], check=True)
    # The generated module loads the library beside it.
    (pathlib.Path(into) / library.name).symlink_to(library)
    sys.path.insert(0, into)


def main():
    folder = pathlib.Path(sys.argv[1]).resolve()
    sample = json.loads(subprocess.check_output([folder / "examples" / "sample_credential"]))
    with tempfile.TemporaryDirectory() as into:
        generate(folder, into)
        import wallet_mobile as mappe

        check(mappe, sample)
    print(f"wallet_mobile {mappe.version()} for Python: ok")


def check(mappe, sample):
    assert mappe.version().count(".") == 2

    shown = json.loads(mappe.inspect_credential(sample["credential"]))
    assert shown["UNVERIFIED"] is True
    assert shown["claims"]["family_name"] == "Musterfrau"

    try:
        mappe.inspect_credential("Ada Musterfrau")
        raise AssertionError("it must be refused")
    except mappe.WalletError as error:
        assert isinstance(error, mappe.WalletError.Failed)
        assert (error.kind, error.code) == (mappe.ErrorKind.MALFORMED, "sd_jwt.no_tilde")
        assert error.reason and error.remedy
        assert "Ada" not in str(error)

    anchor = mappe.AnchorFile(bytes=sample["anchor"].encode())
    verifier = mappe.Verifier([anchor], mappe.Environment.TEST)
    at = sample["at"]

    judgement = verifier.verify(sample["credential"], at)
    assert judgement.verdict == mappe.Verdict.UNDETERMINED, judgement
    assert judgement.status_lists == [sample["status_uri"]]

    verifier.add_status_list(sample["status_uri"], sample["status_list"], at)
    judgement = verifier.verify(sample["credential"], at)
    assert judgement.verdict == mappe.Verdict.ACCEPTED, judgement
    assert judgement.issuer == "Testschule"
    assert json.loads(judgement.claims)["report"]["average"] == "1.3"
    assert all(check.outcome == mappe.Outcome.PASS for check in judgement.checks)

    judgement = verifier.verify(sample["revoked"], at)
    assert (judgement.verdict, judgement.code) == (mappe.Verdict.REFUSED, "status.revoked")

    binding = mappe.KeyBinding(nonce=sample["nonce"], audience=sample["audience"])
    assert verifier.verify(sample["presentation"], at, binding).verdict == mappe.Verdict.ACCEPTED
    other = mappe.KeyBinding(nonce="another", audience=sample["audience"])
    assert verifier.verify(sample["presentation"], at, other).code == "sd_jwt.key_binding.nonce"

    column = [sample["credential"].encode(), sample["revoked"].encode(), b""]
    offsets = [sum(map(len, column[:end])) for end in range(len(column) + 1)]
    verdicts = verifier.verify_many(b"".join(column), offsets, at)
    assert verdicts == [mappe.Verdict.ACCEPTED, mappe.Verdict.REFUSED, mappe.Verdict.REFUSED]


if __name__ == "__main__":
    main()
