t() { local s=$EPOCHREALTIME i; for i in 1 2 3 4 5; do "$@" >/dev/null 2>&1; done; python3 -c "print('%.3f'%((${EPOCHREALTIME}-$s)/5), '''$*''')"; }
sleep 1000 & p=$!
f() { :; }
t /bin/true
t python3 -c ''
t python3 -S -E -c ''
t vmscope --version
t vmscope show $p
t vmscope show $p -J
t vmscope swap $p
t vmscope age $p
t vmscope host
sub() { x=$(echo a); }
t sub
ldd $(which vmscope)
