# A hold survives a restart, and an absence while we were down is nobody's fault.
packs septic_gas
area 500106 沙坪坝区 106.25,29.50,106.50,29.75
asset septic-500106-0001 septic_tank 106.4502,29.5438
at 2022-08-22T14:00:00+08:00
reading septic-500106-0001 ch4=12
after 4m
reading septic-500106-0001 ch4=12
checkpoint
crash
after 59s
expect alarms 0 state=firing
after 2s
expect alarms 1 state=firing level=blue
