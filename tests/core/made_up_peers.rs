//! Whoever may publish can make sentinels up: a group has room for so many and no more.

use rsentinel::core::event::Instruction;

use super::cluster::*;
use super::world::World;

const ROOM: usize = 1024;

fn made_up(w: &mut World, n: usize) {
    let from = format!("10.9.{}.{}:26379", n / 250, n % 250 + 1);
    w.hello(&hello_text(&from, &format!("{n:040x}"), 0, M, 0));
}

fn peers(w: &World) -> usize {
    w.view().masters[0].peers.len()
}

fn complaints(w: &World) -> usize {
    let logs = w.logs();
    logs.iter()
        .filter(|(_, line)| line.text.contains("are left out"))
        .count()
}

#[test]
fn made_up_sentinels_beyond_the_room_are_left_out_and_it_is_said_once() {
    let mut w = plan(1, 1, 2).settled();
    w.most_turns_a_second = 20_000;
    for n in 0..ROOM + 100 {
        made_up(&mut w, n);
    }
    assert_eq!((peers(&w), complaints(&w)), (ROOM, 1));
    // Those that are known may still move.
    w.hello(&hello_text("10.8.0.1:26379", &peer_id(0), 0, M, 0));
    assert_eq!(w.told("+sentinel-address-switch").len(), 1);
    assert_eq!(peers(&w), ROOM);
    // And there is room again when they are forgotten.
    w.instruct(Instruction::Reset {
        pattern: "*".into(),
    });
    made_up(&mut w, 0);
    assert_eq!((peers(&w), complaints(&w)), (1, 1));
}
