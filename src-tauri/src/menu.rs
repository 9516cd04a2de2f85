//! The menu bar and the tray. What stands in them comes from the console, in its language; what is chosen goes there.

use serde::Deserialize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use tauri::menu::{Menu, MenuBuilder, MenuItemBuilder, SubmenuBuilder};
use tauri::tray::{TrayIcon, TrayIconBuilder};
use tauri::{AppHandle, Emitter, Manager, Wry};

use crate::settings::Remembered;
use crate::window;

/// The name the window listens to: the id of the command that was chosen.
const EVENT: &str = "command";
/// Chosen in the tray, and done here: the window may be hidden.
const OPEN: &str = "tray:open";
const QUIT: &str = "tray:quit";

/// One menu of the bar.
#[derive(Deserialize)]
pub struct Group {
    title: String,
    items: Vec<Item>,
}

/// One command.
#[derive(Deserialize)]
pub struct Item {
    id: String,
    title: String,
}

/// What stands in the tray.
#[derive(Deserialize)]
pub struct TrayWords {
    /// How many drafts wait.
    count: u32,
    open: String,
    waiting: String,
    kill: String,
    quit: String,
}

/// The tray's icon, where the system has a tray.
pub struct Tray(Option<TrayIcon>);

/// Puts the icon in the tray. A system without one, or without the library for it, goes without.
pub fn tray(app: &AppHandle) -> Tray {
    let make = || -> tauri::Result<TrayIcon> {
        let mut tray = TrayIconBuilder::with_id("main").menu(&Menu::new(app)?);
        if let Some(icon) = app.default_window_icon() {
            tray = tray.icon(icon.clone());
        }
        tray.build(app)
    };
    // The binding to the indicator library panics where it isn't installed.
    match catch_unwind(AssertUnwindSafe(make)) {
        Ok(Ok(tray)) => Tray(Some(tray)),
        Ok(Err(error)) => {
            tracing::info!(%error, "no tray");
            Tray(None)
        }
        Err(_) => Tray(None),
    }
}

/// Says how many drafts wait, and offers what can be done from the tray.
#[tauri::command]
pub fn set_tray(app: AppHandle, words: TrayWords) -> Result<(), String> {
    let tray = app.state::<Tray>();
    let Some(tray) = &tray.0 else { return Ok(()) };
    let item = |id: &str, title: &str, enabled| MenuItemBuilder::with_id(id, title).enabled(enabled).build(&app);
    let menu = || -> tauri::Result<()> {
        let menu = MenuBuilder::new(&app)
            .item(&item("tray:waiting", &words.waiting, false)?)
            .item(&item(OPEN, &words.open, true)?)
            .separator()
            .item(&item("kill", &words.kill, true)?)
            .separator()
            .item(&item(QUIT, &words.quit, true)?)
            .build()?;
        tray.set_menu(Some(menu))?;
        tray.set_title(Some(if words.count == 0 { String::new() } else { words.count.to_string() }))?;
        Ok(())
    };
    menu().map_err(|e| e.to_string())
}

/// Fills the menu bar.
#[tauri::command]
pub fn set_menu(app: AppHandle, groups: Vec<Group>) -> Result<(), String> {
    let fill = || -> tauri::Result<()> {
        let mut menu = MenuBuilder::new(&app);
        for group in &groups {
            let mut sub = SubmenuBuilder::new(&app, &group.title);
            for item in &group.items {
                sub = sub.item(&MenuItemBuilder::with_id(&item.id, &item.title).build(&app)?);
            }
            menu = menu.item(&sub.build()?);
        }
        window::set_menu(&app, menu.build()?, app.state::<Remembered>().get().menu_bar)
    };
    fill().map_err(|e| e.to_string())
}

/// Shows the menu bar, or hides it.
#[tauri::command]
pub fn toggle_menu(app: AppHandle) -> Result<(), String> {
    let settings = app.state::<Remembered>();
    let shown = !settings.get().menu_bar;
    if let Err(error) = settings.change(|s| s.menu_bar = shown) {
        tracing::warn!(%error, "the menu bar is back as it was at the next start");
    }
    window::show_menu(&app, shown).map_err(|e| e.to_string())
}

/// What was chosen, in the bar or in the tray.
pub fn chosen(app: &AppHandle<Wry>, id: &str) {
    match id {
        OPEN => window::focus(app),
        QUIT => app.exit(0),
        command => {
            window::focus(app);
            if let Err(error) = app.emit(EVENT, command) {
                tracing::warn!(%error, "the window was not told of a command");
            }
        }
    }
}
