# The seed's third example (domain.md §0, §3.4): a street lamp's manhole cover in 巴南区, 谊园路. Found by its sensor, the street and
# the district bureau are told, replaced within two days, the sensor agrees, closed.
packs manhole_cover
area 500113 巴南区 106.40,29.30,106.70,29.50
area 500113001 谊园路片区 106.51,29.39,106.53,29.41
unit 500113-street 街道市政 500113001 street
unit 500113-municipal 巴南区城管局 500113 municipal
unit 500113-lamp 路灯管理所 500113 lamp
receiver street-desk 500113001
receiver district-desk 500113
receiver other-desk 500106
user shift shift_leader 50
user dispatch dispatcher 50
user desk unit_desk 500113 500113-lamp
user streetdesk unit_desk 500113001 500113-street
user crew handler 500113 500113-lamp
user crew2 handler 500113 500113-lamp
user collect collector 500113
asset cover-lamp-01 manhole_cover 106.5200,29.4000 component_code=5001130106000001 owner_unit=500113-lamp carriageway=true
asset cover-unknown manhole_cover 106.5210,29.4010
asset cover-tilted manhole_cover 106.5220,29.4020 background_deg=12

at 2022-08-22T09:00:00+08:00
reading cover-lamp-01 tilt=0.8 displacement=0 battery_v=3.6
reading cover-unknown tilt=1
reading cover-tilted tilt=14
after 12h
expect alarms 0 state=firing
# A lorry: 40 degrees for three seconds.
reading cover-lamp-01 tilt=40
after 3s
reading cover-lamp-01 tilt=0.9
after 2m
expect alarms 0 state=firing

# Tilted for half a minute is yellow; the case is its owner's, of the owner's class, and the street and the bureau hear of it.
reading cover-lamp-01 tilt=18
after 29s
expect alarms 0 state=firing
crash
after 2s
expect alarm state=firing level=yellow rule=manhole_cover/cover_moved
expect case stage=pending_dispatch area=500113001 asset=cover-lamp-01 class.code=0106 urgency=urgent
expect notices 1 target=street-desk
expect notices 1 target=district-desk
expect notices 0 target=other-desk
# It goes on: carried away, red at once. The device sends everything twice. One case, one alarm.
reading cover-lamp-01 tilt=96 displacement=3.5
reading cover-lamp-01 tilt=96 displacement=3.5
expect alarms 1 state=firing level=red
expect cases 1
# A passer-by's angle at installation is no fault.
reading cover-tilted tilt=13
expect alarms 1 state=firing

# The owner says no, the dispatcher sends it on and gets it back, then it is theirs.
dispatch does case.dispatch case unit=500113-lamp
streetdesk does case.return case reason="not ours" => auth.forbidden
desk does case.return case reason="the street's"
dispatch does case.dispatch case unit=500113-lamp => action.not_allowed
dispatch does case.dispatch case unit=500113-street
streetdesk does case.return case reason="a lamp cover"
dispatch does case.dispatch case unit=500113-lamp
desk does case.assign case handler=user:crew
crew2 does case.accept case => auth.forbidden
crew does case.accept case
after 20m
crew does case.arrive case
after 14h
reading cover-unknown tilt=1
reading cover-tilted tilt=13
after 12h
checkpoint
crash
# Mended with a picture; the check says it rattles, the crew goes again, and the old picture is no proof of the new work.
crew photographs new-cover
crew does case.finish case attachments=new-cover comment=replaced
desk does case.feedback case
expect case stage=pending_feedback
dispatch does case.feedback case
collect does case.check case result=ok comment=looks
shift does case.rework case reason=rattles
expect case stage=handling reworks=1
crew does case.finish case comment=again => action.not_allowed
crew photographs new-gasket
crew does case.finish case attachments=new-gasket comment=gasket
desk does case.feedback case
expect case stage=pending_feedback
dispatch does case.feedback case
collect does case.check case result=ok
# The device still says that the cover is gone.
shift does case.close case => action.not_allowed
reading cover-lamp-01 tilt=1.1 displacement=0.02
shift does case.close case => action.not_allowed
after 1m
reading cover-lamp-01 tilt=1.0 displacement=0.02
after 90s
expect alarms 1 state=cleared level=red
shift does case.close case
expect case stage=closed
crash
expect case stage=closed returns=2 reworks=1
expect cases 1

# The next fault of the same cover is the next case.
reading cover-lamp-01 tilt=178
expect alarms 1 state=firing level=red
expect cases 2
# A cover whose owner nobody knows is the street's.
reading cover-unknown tilt=100
expect case asset=cover-unknown class.code=0123
expect cases 3
