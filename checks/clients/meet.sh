# The card in a reader of its own, and each client in turn; run by ../clients.ts inside a network, a mount and a family of
# processes that end with it. $1: folder for what they say, $2: node, $3: python. The virtual reader listens on every address.
cd "$(dirname "$0")" || exit 1
said=$1 node=$2 python=$3
export PYTHONDONTWRITEBYTECODE=1
ip link set lo up
# without it each frame waits for TCP's delayed acknowledgement: 20 APDU/s
for to in 127.0.0.0/8 127.0.0.1; do
  ip route change table local local $to dev lo proto kernel scope host src 127.0.0.1 quickack 1
done
mkdir -p /run/pcscd && mount -t tmpfs none /run/pcscd
pcscd --foreground >"$said/pcscd.log" 2>&1 &
for _ in $(seq 50); do [ -e /run/pcscd/pcscd.comm ] && break; sleep 0.1; done
"$node" card.ts "$said/purse.load" 2>"$said/card.log" &
for _ in $(seq 100); do timeout 5 opensc-tool --list-readers | grep -q Yes && break; sleep 0.1; done

meet() {
  name=$1
  shift
  timeout 60 "$@" >"$said/$name.txt" 2>&1
  echo $? >"$said/$name.status"
}

select='00 a4 04 00 00'
initialize='80 50 00 00 08 01 02 03 04 05 06 07 08 00'
printf '%s\n' "$select" "80 ca 00 45 00" "80 ca 9f 7f 00" "$initialize" "80 f2 40 02 02 4f 00 00" >"$said/script"
meet atr opensc-tool --atr
meet opensc opensc-tool -s 00:A4:04:00:08:A0:00:00:01:51:00:00:00 -s 80:CA:00:66:00 -s 00:CA:00:E0:00 -s 80:F2:40:02:02:4F:00:00
meet scriptor scriptor -p T=1 "$said/script"
meet pygp "$python" with_pygp.py "$said/purse.load"
meet yubikit "$python" with_yubikit.py "$said/purse.load"
meet speed "$python" speed.py
