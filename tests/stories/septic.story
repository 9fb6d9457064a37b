# The seed's first example (domain.md §0): a septic tank in 沙坪坝区, 22 August 2022, 14:00. Gas, alarm, exactly one case, one key,
# crew, proof, the sensor agrees, closed.
packs septic_gas
area 500106 沙坪坝区 106.25,29.50,106.50,29.75
unit 500106-sanitation 沙坪坝区环卫所 500106 sanitation
unit 500106-street 石井坡街道 500106 street
user shift shift_leader 50
user dispatch dispatcher 50
user desk unit_desk 500106 500106-sanitation
user crew handler 500106 500106-sanitation
user stranger handler 500112 500112-sanitation
user collect collector 500106
asset septic-500106-0001 septic_tank 106.4502,29.5438 depth_m=3.2
asset septic-500106-0002 septic_tank 106.4510,29.5440

at 2022-08-22T14:00:00+08:00
every 30s for 5m reading septic-500106-0001 ch4=1.2 h2s=0.4 o2=20.1
expect quiet
expect alarms 0

# 26 %LEL: yellow after it has held for a minute, not before; slowly enough not to be a rise of 20 in ten minutes.
every 1m for 12m reading septic-500106-0001 ch4=8
after 30s
reading septic-500106-0001 ch4=26
expect alarms 0 state=firing
every 30s for 1m reading septic-500106-0001 ch4=26
reading septic-500106-0001 ch4=26
expect alarm state=firing level=yellow rule=septic_gas/ch4_high
expect cases 1
expect case stage=pending_dispatch area=500106 asset=septic-500106-0001

# The same tank again, another gas, doubled messages: still one case.
reading septic-500106-0001 ch4=26 h2s=25
every 30s for 2m reading septic-500106-0001 ch4=27 h2s=25
expect cases 1
# The neighbour is another tank: another case (this pack does not join by radius).
every 30s for 6m reading septic-500106-0002 ch4=27
expect cases 2
crash
expect cases 2

# Out of stage, out of role, stale: refused with the reason.
crew does case.finish case comment=done => action.not_allowed
crew does case.dispatch case unit=500106-sanitation => auth.forbidden
dispatch does case.dispatch case unit=500106-sanitation rev=99 => precondition.stale
dispatch does case.fly case => action.unknown

dispatch does case.dispatch case unit=500106-sanitation
expect case stage=pending_handle unit=500106-sanitation
stranger does case.accept case => auth.foreign_area
crew does case.accept case
crew does case.arrive case
checkpoint
crash
expect case stage=handling
# The pack asks for an after-photo.
crew does case.finish case comment="pumped and aired" => action.not_allowed
crew photographs pumped
crew does case.finish case comment="pumped and aired" attachments=pumped
expect case stage=handle_finish
desk does case.feedback case
expect case stage=pending_feedback
dispatch does case.feedback case
collect does case.check case result=ok
expect case stage=pending_close

# The tank still holds gas: the sensor does not agree, and nobody closes over it without saying why.
shift does case.close case => action.not_allowed
every 30s for 1m reading septic-500106-0002 ch4=2 h2s=0.3
shift does case.close case => action.not_allowed
crash
every 30s for 3m reading septic-500106-0002 ch4=1.1 h2s=0.3
expect alarms 2 state=firing asset=septic-500106-0001
expect alarms 0 state=firing asset=septic-500106-0002
shift does case.close case comment=aired
expect case stage=closed
expect alarms 1 state=cleared asset=septic-500106-0002
# Nobody saw that alarm: it stays on the list until somebody does.
expect alarms 1 state=cleared acknowledged=false
shift does case.reopen case reason="smells again"
expect case stage=pending_dispatch
