-- Does nothing. Redis refuses it if it would refuse a script that writes.
return 1
